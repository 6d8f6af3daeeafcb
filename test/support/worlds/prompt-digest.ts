import { hash } from 'node:crypto';

const { subtle } = crypto;
const digest = subtle.digest.bind(subtle);

// A digest comes from another thread, at any time: other work would then follow in another order each time, and no run could be repeated exactly.
subtle.digest = async (algorithm, data) => {
  if (algorithm !== 'SHA-256' || !(data instanceof Uint8Array)) return digest(algorithm, data);
  return Uint8Array.from(hash('sha256', data, 'buffer')).buffer;
};
