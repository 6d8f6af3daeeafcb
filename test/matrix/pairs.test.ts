import { pairsTest } from '../support/faults/pairs.ts';

pairsTest(1200, 'matrix/pairs');
