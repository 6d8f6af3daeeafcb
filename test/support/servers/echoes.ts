import { echo } from './echo.ts';
import { healthy, serve } from './serve.ts';

serve(healthy(echo));
