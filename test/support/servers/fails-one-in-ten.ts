import { troubled } from './troubled.ts';

await troubled((nth, response) => {
  if (nth % 10 !== 0) return false;
  response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":"no memory left"}');
  return true;
});
