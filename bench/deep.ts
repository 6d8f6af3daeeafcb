// Measures deep-learning models served by Slipway beside the servers of their own frameworks: the same weights on the same machine, in turns.
// `node bench/deep.ts [ROUNDS] [SUBJECT...]`; the subjects are below, all of them where none is named.
// Weights, engines and frameworks (torch with CUDA's libraries, 5 GB, and TensorFlow, 1.6 GB) are fetched once into the user's cache. They need uv, or a Python from 3.10 to 3.13 that installs it.
import { measureBeside } from './beside/measure.ts';
import { decoder } from './deep/decoder.ts';
import { kerasNetwork } from './deep/keras.ts';
import { measureLanguage } from './deep/language.ts';
import { sentences } from './deep/sentences.ts';
import { measureSpins } from './deep/spins.ts';

const SUBJECTS: Readonly<Record<string, (rounds: number) => Promise<void>>> = {
  gguf: measureLanguage,
  spins: measureSpins,
  sentences: (rounds) => measureBeside(sentences, rounds),
  keras: (rounds) => measureBeside(kerasNetwork, rounds),
  transformers: (rounds) => measureBeside(decoder, rounds),
};
const [rounds = '5', ...named] = process.argv.slice(2);

for (const name of named.length > 0 ? named : Object.keys(SUBJECTS)) {
  const measure = SUBJECTS[name];
  if (!measure) throw new Error(`${name} is not one of ${Object.keys(SUBJECTS).join(', ')}`);
  console.log(`\n${name}`);
  await measure(Number(rounds));
}
