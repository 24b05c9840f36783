"""One file per verb: words in, words out; verbs import no verbs, and may use all below them."""
