import { faultMatrix } from '../support/faults/matrix.ts';

faultMatrix('crash before', 'matrix/crash-before');
