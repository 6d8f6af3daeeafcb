import { faultMatrix } from '../support/faults/matrix.ts';

faultMatrix('error before', 'matrix/error-before');
