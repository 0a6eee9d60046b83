"""What `twinhold` does besides serving: a module for each group of commands.

`add_to` of such a module says what its commands are called and take; `reach` finds the registry
that they work on, through its server (`client`) or by opening it (`direct`).
"""
