/** Builds what the browser gets: one module with all that it needs, in the integration's own folder. */
import { build } from "esbuild";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const target = new URL("../custom_components/nissanconnect/frontend/nissanconnect.js", import.meta.url);

/** Styles are texts, which esbuild leaves as they are: their line breaks and indents are a sixth of the module. */
const tightStyles = {
  name: "tight-styles",
  setup({ onLoad }) {
    onLoad({ filter: /src\/.*styles.*\.js$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      return { contents: source.replace(/css`[^`]*`/g, (styles) => styles.replace(/\s+/g, " ").replace(/ ?([{};]) ?/g, "$1")) };
    });
  },
};

await build({
  entryPoints: [fileURLToPath(new URL("src/main.js", import.meta.url))],
  outfile: process.argv[2] ?? fileURLToPath(target),
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  charset: "utf8",
  legalComments: "none",
  plugins: [tightStyles],
  banner: {
    js: "/* Built from frontend/ by npm run build. Holds Lit, copyright Google LLC, BSD-3-Clause licence. */",
  },
});
