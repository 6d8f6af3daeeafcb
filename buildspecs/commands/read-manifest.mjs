// Reads an image's manifest from standard input, as the registry holds it, and prints its digest and what it counts: config and layers.
import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';

const bytes = await buffer(process.stdin);
const { mediaType, config, layers } = JSON.parse(bytes);

// What Lambda refuses is better told here. https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
const other = layers?.find((layer) => !/[.+]gzip$/.test(layer.mediaType));
if (!config || !layers || other) {
  const found = other ? `a layer of ${other.mediaType}` : mediaType;
  process.stderr.write(`the image is ${found}; Lambda takes one platform with gzip layers\n`);
  process.exit(1);
}

const digest = createHash('sha256').update(bytes).digest('hex');
const sizeBytes = [config, ...layers].reduce((sum, { size }) => sum + size, 0);
process.stdout.write(`IMAGE_DIGEST=sha256:${digest}\nCOMPRESSED_BYTES=${sizeBytes}\n`);
