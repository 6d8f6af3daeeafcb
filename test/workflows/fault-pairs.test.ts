import { pairsTest } from '../support/faults/pairs.ts';

pairsTest(60, 'workflows/fault-pairs');
