// `npm run asl`: generates each workflow's .asl.json, which AWS and the local engine read, from its .asl.yaml, which avoids repetition.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export const WORKFLOWS = ['deploy', 'promote', 'rollback', 'undeploy'] as const;

/** The definition of a workflow: the shared part and its own form one YAML document, so that it can alias the shared parts. */
export function definitionOf(workflow: (typeof WORKFLOWS)[number]): object {
  const text = ['shared', workflow].map((name) => readFileSync(fileOf(`${name}.asl.yaml`), 'utf8'));
  return parse(text.join(''), { merge: true, maxAliasCount: -1 }).workflow;
}

function fileOf(name: string): URL {
  return new URL(name, import.meta.url);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const workflow of WORKFLOWS) {
    writeFileSync(fileOf(`${workflow}.asl.json`), JSON.stringify(definitionOf(workflow), null, 2));
  }
}
