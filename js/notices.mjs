// The licences of the npm packages in bundles as one text: a line for each, then the texts.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const IS_LICENCE = /^(licen[cs]e|copying|notice)/i;

// The folder of the package that a file belongs to, such as `node_modules/a/node_modules/@b/c`.
const FOLDER = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;

function packageOf(root, folder) {
  const path = join(root, folder);
  const { name, version, license, repository } = JSON.parse(
    readFileSync(join(path, "package.json"), "utf8"),
  );
  const files = readdirSync(path).filter((file) => IS_LICENCE.test(file)).sort();
  if (files.length === 0) {
    throw new Error(`${folder} has no file with its licence`);
  }
  const texts = files.map((file) => readFileSync(join(path, file), "utf8").trim());
  const sources = typeof repository === "string" ? repository : repository?.url ?? "";
  return { name: `${name} ${version}`, license, sources, text: texts.join("\n\n") };
}

/** The notices of everything that went into bundles, by their metafiles. */
export function notices(root, metafiles) {
  const inputs = metafiles.flatMap((metafile) => Object.keys(metafile.inputs));
  const folders = new Set(inputs.map((input) => FOLDER.exec(input)?.[0]).filter(Boolean));
  const packages = [...folders].sort().map((folder) => packageOf(root, folder));
  const lines = packages.map(({ name, license, sources }) => `${name}: ${license} ${sources}\n`);
  const texts = packages.map(({ name, text }) => `\n---- ${name}\n\n${text}\n`);
  return [...lines, ...texts].join("");
}
