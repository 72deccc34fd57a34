// Bundles every src/*.js, src/*.css and src/*.svg into web/static/built/, one file each, its content's hash in its name.
// manifest.json maps "site.js" to "site-XXXXXXXX.js"; it is written last, so a page never names a file that is not there.
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, "src");
const target = join(here, "..", "web", "static", "built");
const entries = (await readdir(source)).filter((name) => /\.(js|css|svg)$/.test(name)).sort();

const { outputFiles, metafile } = await build({
  absWorkingDir: here,
  entryPoints: entries.map((name) => join(source, name)),
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  outdir: target,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2020",
  loader: { ".svg": "copy", ".woff2": "copy" },
  charset: "utf8",
  metafile: true,
  write: false,
  logLevel: "error",
}).catch(() => process.exit(1)); // esbuild has said what is wrong

const manifest = Object.fromEntries(
  Object.entries(metafile.outputs)
    .filter(([, output]) => output.entryPoint)
    .map(([path, output]) => [basename(output.entryPoint), basename(path)]),
);
await mkdir(target, { recursive: true });
await Promise.all(outputFiles.map((file) => writeFile(file.path, file.contents)));
const draft = join(target, "manifest.json.new");
await writeFile(draft, JSON.stringify(manifest, null, 2) + "\n");
await rename(draft, join(target, "manifest.json"));

const kept = new Set(["manifest.json", ...outputFiles.map((file) => basename(file.path))]);
const stale = (await readdir(target)).filter((name) => !kept.has(name));
await Promise.all(stale.map((name) => rm(join(target, name), { recursive: true })));
