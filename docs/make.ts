// `npm run schemas`: writes the schemas in this folder from those that the code goes by.
import { writeFileSync } from 'node:fs';
import { Document, isScalar, visit } from 'yaml';
import * as z from 'zod/mini';
import { openApiDocument } from '#control/openapi.ts';
import { machineOperations } from '#control/operations.ts';
import { slipwayEvent } from '#domain/event.ts';
import { manifestSchema } from '#domain/manifest/manifest.ts';

const WIDTH = 70;

const FILES = {
  'control-api.openapi.yaml': yaml(openApiDocument(machineOperations)),
  'event.schema.json': json(z.toJSONSchema(slipwayEvent)),
  'model.schema.json': json(z.toJSONSchema(manifestSchema, { io: 'input' })),
};

function json(value: object): string {
  return JSON.stringify(value, null, 2);
}

/** The YAML of `value`; a list or map of plain values takes one line where it fits. */
function yaml(value: object): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Map(_, map) {
      map.flow = map.items.every((pair) => isScalar(pair.value)) && widthOf(map) < WIDTH;
    },
    Seq(_, list) {
      list.flow = list.items.every(isScalar) && widthOf(list) < WIDTH;
    },
  });
  return document.toString({ lineWidth: 0 });
}

function widthOf(node: { toJSON(): unknown }): number {
  return JSON.stringify(node).length;
}

for (const [name, text] of Object.entries(FILES)) {
  writeFileSync(new URL(name, import.meta.url), text);
}
