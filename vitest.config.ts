import { defineConfig } from "vitest/config";

/** In milliseconds: an image may have to be built first. */
const patience = { testTimeout: 240_000, hookTimeout: 300_000 };

/** Of its own accord vitest leaves one core alone, which is every second one where the suite has to be quick. */
const maxWorkers = 2;

/** One project per layer of tests; scripts/test.sh runs them in this order. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/{property,browser,images,kernel,lab,figures,compare}/**"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          maxWorkers,
        },
      },
      { test: { name: "property", include: ["test/property/**/*.test.ts"], testTimeout: 120_000, maxWorkers } },
      { test: { name: "browser", include: ["test/browser/**/*.test.ts"], testTimeout: 120_000, hookTimeout: 60_000 } },
      { test: { name: "images", include: ["test/images/*.test.ts"], ...patience } },
      { test: { name: "kernel", include: ["test/kernel/**/*.test.ts"], testTimeout: 120_000, maxWorkers } },
      // Booted hosts wait most of the time, so two files at once; but where packets are counted, one.
      { test: { name: "lab", include: ["test/lab/*.test.ts"], ...patience, maxWorkers } },
      { test: { name: "traffic", include: ["test/lab/traffic/*.test.ts"], ...patience, fileParallelism: false } },
      // Not run by scripts/test.sh either: npm run bench:lab prints figures.
      { test: { name: "figures", include: ["test/figures/**/*.test.ts"], ...patience, fileParallelism: false } },
      // Not run by scripts/test.sh: it makes docs/side-by-side.md.
      { test: { name: "compare", include: ["test/compare/**/*.test.ts"] } },
    ],
  },
});
