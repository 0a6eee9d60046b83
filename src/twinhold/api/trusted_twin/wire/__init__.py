"""The wire of Trusted Twin: what bodies hold and how records are written."""
