"""HTTP ⇄ domain: one package a dialect, all with the same file names, over one kit."""
