import { parseXML, XmlNode } from '@aws-sdk/xml-builder';
import * as z from 'zod/mini';
import { refusal } from './refusal.ts';

/** An element of XML: its name, and its text or the elements in it. */
export type Element = readonly [name: string, content: Content];
type Content = string | number | boolean | readonly Element[];

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';
export const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** A document in the namespace of S3's answers. */
export function s3Document([name, content]: Element): string {
  return `${DECLARATION}${nodeOf([name, content]).addAttribute('xmlns', NAMESPACE)}`;
}

/** A document of an error, which S3 gives no namespace. */
export function plainDocument(element: Element): string {
  return `${DECLARATION}${nodeOf(element)}`;
}

function nodeOf([name, content]: Element): XmlNode {
  return typeof content === 'object'
    ? new XmlNode(name, content.map(nodeOf))
    : XmlNode.of(name, String(content));
}

/** An element that stands once or several times, as a list. */
export function listed<Schema extends z.ZodMiniType>(schema: Schema) {
  return z.pipe(
    z.transform((value) => (Array.isArray(value) ? value : value === undefined ? [] : [value])),
    z.array(schema),
  );
}

function rootOf(document: unknown, root: string): unknown {
  const names = z.parse(z.record(z.string(), z.unknown()), document);
  return root in names ? names[root] : undefined;
}

/** The parser reads a reference to a character above U+FFFF as another character, and one that is none as it stands. */
function requireReadable(text: string): void {
  for (const [, hex, decimal] of text.matchAll(/&#(?:x([0-9a-f]+)|(\d+));/gi)) {
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    if (code > 0xffff) throw new RangeError('a reference above U+FFFF');
  }
}

/** The content of a document's root. Fails with `MalformedXML` where the text is no such document. */
export function readDocument<Schema extends z.ZodMiniType>(
  text: string,
  root: string,
  schema: Schema,
): z.output<Schema> {
  try {
    requireReadable(text);
    return z.parse(schema, rootOf(parseXML(text), root));
  } catch {
    throw refusal(
      'MalformedXML',
      'The XML you provided was not well-formed or did not validate against our published schema.',
    );
  }
}
