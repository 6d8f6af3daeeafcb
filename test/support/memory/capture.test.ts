import { describeCaptureKeys } from '../../contracts/capture-keys.ts';
import { describeKeptLines } from '../../contracts/kept-lines.ts';
import { memoryCaptureKeys, memoryKeptLines } from './capture.ts';

describeCaptureKeys('memoryCaptureKeys', async () => ({
  keys: memoryCaptureKeys(),
  stored: async () => '',
}));

describeKeptLines('memoryKeptLines', async () => {
  const lines = memoryKeptLines();
  const today = '2026-02-03';
  return { lines, today, removes: true, write: (model, line) => lines.add(model, today, line) };
});
