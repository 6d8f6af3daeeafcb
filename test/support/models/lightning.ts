import { zipOf } from '../bytes/zip.ts';

/** A checkpoint as Lightning saves it, without a tensor; these opcodes make its hyper-parameters. */
export function lightningOf(parameters: string): Buffer {
  const text = (value: string) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(value.length);
    return Buffer.concat([Buffer.from('X'), length, Buffer.from(value)]);
  };
  const pickle = Buffer.concat([
    Buffer.from('\x80\x02}(', 'latin1'),
    ...['pytorch-lightning_version', '2.5.0', 'state_dict'].map(text),
    Buffer.from('}'),
    text('hyper_parameters'),
    Buffer.from(`${parameters}u.`, 'latin1'),
  ]);
  return zipOf([
    { name: 'archive/data.pkl', content: pickle },
    { name: 'archive/version', content: '3' },
  ]);
}
