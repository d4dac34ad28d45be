"""The link protocol between host and firmware, without any input or output."""
