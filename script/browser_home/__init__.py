"""The demo's home in a real browser: what script/browser looks at, and what script/screenshots takes pictures of."""
