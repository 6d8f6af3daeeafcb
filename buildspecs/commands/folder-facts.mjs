// folder-facts FOLDER: prints of an image that is a folder what one in a registry would say of itself. Nothing is compressed, so both sizes are the same.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { filesIn, sizeOf } from './files.mjs';

const folder = process.argv[2];
const hash = createHash('sha256');
for (const path of await filesIn(join(folder, 'model'))) {
  hash.update(`${relative(folder, path)}\0`);
  await pipeline(createReadStream(path), hash, { end: false });
}
const served = await filesIn(folder);
const environment = await filesIn(await realpath(join(folder, 'environment')));
const bytes = await sizeOf([...served, ...environment]);
process.stdout.write(
  `IMAGE_DIGEST=sha256:${hash.digest('hex')}\nCOMPRESSED_BYTES=${bytes}\nUNCOMPRESSED_BYTES=${bytes}\n`,
);
