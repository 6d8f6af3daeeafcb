import { pairsTest } from '../support/faults/pairs.ts';
import { IS_THOROUGH } from '../support/fuzz/runs.ts';

pairsTest(IS_THOROUGH ? 1200 : 400, 'matrix/pairs');
