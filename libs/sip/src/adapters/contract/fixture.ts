// What the specs of stream listeners start, ended after each test in the reverse order. Readers: tcp.spec.ts,
// tcp-lingering.spec.ts, ws.spec.ts.
import { startNode, type TestNode } from './node.js';
import { dialTcp, type TcpPhone } from './tcp-phone.js';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Runs after the test. */
export const closing = (close: () => Promise<void> | void): void => void closers.push(close);

export const start = async (...args: Parameters<typeof startNode>): Promise<TestNode> => {
  const edge = await startNode(...args);
  closing(() => edge.node.close());
  return edge;
};

export const dial = async (port: number): Promise<TcpPhone> => {
  const phone = await dialTcp(port);
  closing(() => void phone.socket.destroy());
  return phone;
};
