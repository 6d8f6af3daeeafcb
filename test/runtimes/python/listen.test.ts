import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { onPython } from '../python-runtime.ts';
import type { Runtime } from '../runtime.ts';

const run = promisify(execFile);

await onPython(describeListen);

const CONNECT = `
import asyncio, socket
from slipway_server.walls import listen

async def main():
    seen = asyncio.get_running_loop().create_future()
    listening = listen("127.0.0.1", 0)
    server = await asyncio.start_server(lambda _, writer: seen.set_result(writer), sock=listening)
    await asyncio.open_connection(*listening.getsockname())
    accepted = (await seen).get_extra_info("socket")
    print(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
    server.close()

asyncio.run(main())
`;

function describeListen({ command: [python], env }: Runtime): void {
  it('sends each part of an answer at once, without waiting until the one before is acknowledged', async () => {
    const { stdout } = await run(python, ['-c', CONNECT], { env });

    expect(stdout.trim()).not.toBe('0');
  });
}
