"""What classifiers share: inputs, normalisation, statistics, logits; no classifier is registered here."""
