// Orders the test files: the longest of the last run first; in a fresh clone the largest first, since size predicts the time of most.
import { statSync } from 'node:fs';
import Sequencer from '@jest/test-sequencer';

// A file of a few lines runs a suite of test/support, which are among the longest: at the end they would leave a core idle.
const FEW_BYTES = 200;

export default class LongestFirst extends Sequencer {
  async sort(tests) {
    const sorted = await super.sort(tests);
    const isSuite = ({ path, duration }) => !duration && statSync(path).size < FEW_BYTES;
    return [...sorted.filter(isSuite), ...sorted.filter((test) => !isSuite(test))];
  }
}
