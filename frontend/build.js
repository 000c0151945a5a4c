/** Builds what the browser gets: one module with all that it needs, in the integration's own folder. */
import { build } from "esbuild";
import { fileURLToPath } from "node:url";

const target = new URL("../custom_components/nissanconnect/frontend/nissanconnect.js", import.meta.url);

await build({
  entryPoints: [fileURLToPath(new URL("src/main.js", import.meta.url))],
  outfile: process.argv[2] ?? fileURLToPath(target),
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  charset: "utf8",
  legalComments: "none",
  banner: {
    js: "/* Built from frontend/ by npm run build. Holds Lit, copyright Google LLC, BSD-3-Clause licence. */",
  },
});
