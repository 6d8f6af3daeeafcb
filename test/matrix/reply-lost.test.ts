import { faultMatrix } from '../support/faults/matrix.ts';

faultMatrix('reply lost', 'matrix/reply-lost');
