// Plays every transcript in this folder and compares what happened with what it says.
// UPDATE_SCENARIOS=1 writes what happened into the transcripts: then read the difference.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { removeOperatorFiles } from './operator-routing.js';
import { parseScenario, renderScenario } from './scenario-file.js';
import { Stage } from './stage.js';
import { take, worldOptions } from './steps.js';

const FOLDER = import.meta.dirname;
const update = process.env['UPDATE_SCENARIOS'] === '1';

const play = async (text: string): Promise<string> => {
  const blocks = parseScenario(text);
  const [first] = blocks.flatMap(({ steps }) => steps);
  const stage = await Stage.open(first?.words[0] === 'world' ? worldOptions(first) : {});
  const happened: (readonly string[])[] = [];
  try {
    for (const { steps } of blocks) {
      const sinceMs = stage.world.clock.nowMs();
      for (const step of steps) {
        if (step === first && step.words[0] === 'world') continue;
        await take(stage, step);
        await stage.rest();
      }
      happened.push(await stage.report(sinceMs));
    }
  } finally {
    await stage.close();
  }
  return renderScenario(blocks, happened);
};

/** Minutes of simulated time on a busy machine. */
const PLAY_MS_MAX = 30_000;

const files = readdirSync(FOLDER).filter((name) => name.endsWith('.txt'));

afterAll(removeOperatorFiles);

it.each(files)(
  '%s',
  async (name) => {
    const file = path.join(FOLDER, name);
    const text = readFileSync(file, 'utf8');
    const played = await play(text);
    if (update) writeFileSync(file, played);
    else expect(played).toBe(text);
  },
  PLAY_MS_MAX,
);
