/** What the modules need of a browser as soon as they are loaded. Comes before them. */
globalThis.HTMLElement ??= class {};
