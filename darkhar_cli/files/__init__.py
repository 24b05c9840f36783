"""Files written whole: temporary names, claims, tables, printable names; uses only what everybody may use."""
