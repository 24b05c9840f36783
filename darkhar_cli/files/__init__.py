"""Files written whole: temporary names, claims, full disks, tables; uses only what everybody may use."""
