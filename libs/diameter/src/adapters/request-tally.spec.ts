import { createMetrics } from '#libs/runtime';
import { createRequestTally, RESULTS_MAX } from './request-tally.js';

const newTally = () => {
  const metrics = createMetrics();
  const tally = createRequestTally(metrics, {
    results: ['x_results_total', 'Requests'],
    latency: ['x_latency_ms', 'How long'],
    labels: ['peer', 'result'],
  });
  return { metrics, tally };
};

it('shows each peer with each of its results', async () => {
  const { metrics, tally } = newTally();
  for (const result of ['2001', '2001', 'timeout']) tally.count('hss1', result);
  tally.took(12);
  const text = await metrics.text();
  expect(text).toContain('x_results_total{peer="hss1",result="2001"} 2');
  expect(text).toContain('x_results_total{peer="hss1",result="timeout"} 1');
  expect(text).toContain('x_latency_ms_count 1');
});

it('keeps no more than its bound of what a peer chooses', async () => {
  const { metrics, tally } = newTally();
  for (let code = 0; code < RESULTS_MAX + 5; code++) tally.count('hss1', String(code));
  tally.count('hss1', '0');
  const text = await metrics.text();
  expect(text).toContain('x_results_total{peer="hss1",result="other"} 5');
  expect(text).toContain('x_results_total{peer="hss1",result="0"} 2');
});
