/** Builds what the browser gets: one module with all that it needs, in the integration's own folder. */
import { build } from "esbuild";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const target = new URL("../custom_components/nissanconnect/frontend/nissanconnect.js", import.meta.url);

/** Templates and styles are texts, which esbuild leaves as they are: their indents are a fifth of the module. */
const tightTexts = {
  name: "tight-texts",
  setup({ onLoad }) {
    onLoad({ filter: /frontend\/src\/.*\.js$/ }, async ({ path }) => {
      const source = (await readFile(path, "utf8")).replace(/\n\s+/g, "\n");
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
  plugins: [tightTexts],
  banner: {
    js: "/* Built from frontend/ by npm run build. Holds Lit, copyright Google LLC, BSD-3-Clause licence. */",
  },
});
