// Speed of llama.cpp on one GGUF file, measured as `./yuebing bench engine` measures: called by bench/compare/run.sh.
//
//   LLAMA_NODE=FOLDER node llama-cpp.mjs FILE.gguf PROMPT GENERATE THREADS ROUNDS BATCH
//
// FOLDER is where `npm install node-llama-cpp @node-llama-cpp/linux-x64` (or another platform's prebuilt backend) was run.
// For each round one line: prefill tokens per second, decode tokens per second, both of all sequences together.
import path from "node:path";
import { pathToFileURL } from "node:url";

const [, , file, ...numbers] = process.argv;
const [prompt, generate, threads, rounds, batch] = numbers.map(Number);
const module = path.join(process.env.LLAMA_NODE ?? ".", "node_modules", "node-llama-cpp", "dist", "index.js");
const { getLlama, LlamaLogLevel } = await import(pathToFileURL(path.resolve(module)).href);

const llama = await getLlama({ gpu: false, build: "never", maxThreads: threads, logLevel: LlamaLogLevel.error });
const model = await llama.loadModel({ modelPath: file });
const context = await model.createContext({
  contextSize: prompt + generate + 64,
  sequences: batch,
  batchSize: 512,
  threads,
});
const sequences = Array.from({ length: batch }, () => context.getSequence());

async function decode(sequence) {
  let tokens = 0;
  for await (const _ of sequence.evaluate([400], { temperature: 0 })) {
    if (++tokens >= generate) {
      return;
    }
  }
}

async function seconds(work) {
  const start = performance.now();
  await Promise.all(sequences.map(work));
  return (performance.now() - start) / 1e3;
}

for (let round = 0; round < rounds; round++) {
  for (const sequence of sequences) {
    await sequence.clearHistory();
  }
  const prefill = await seconds((sequence, s) =>
    sequence.evaluateWithoutGeneratingNewTokens(
      Array.from({ length: prompt }, (_, i) => 300 + ((i * 37 + s * 1009 + round * 7919) % 20000)),
    ),
  );
  const decoding = await seconds(decode);
  console.log(`${((batch * prompt) / prefill).toFixed(2)} ${((batch * generate) / decoding).toFixed(2)}`);
}
process.exit(0);
