"""The wire of Willow: what bodies hold and how records are written (spec/willow.md 3 to 6)."""
