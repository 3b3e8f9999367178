import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

// Three rings: `unit` is what `npm test` runs everywhere; `contracts` starts servers that stand in for the clouds;
// `e2e` starts whole clusters. Heavier rings have their own scripts and run in CI.
export default defineConfig({
  test: {
    pool: "forks",
    // Most tests wait for processes and sockets more than they compute: by default one core of two would stand idle.
    maxWorkers: Math.max(2, availableParallelism()),
    // Generous: a machine that does other things at the same time must not fail a test.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // In CI a test that fails is tried once more: what fails twice is a defect, and what fails once is shown as retried.
    retry: process.env.CI === undefined ? 0 : 1,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/contracts/**", "test/e2e/**", "test/cluster/**"],
        },
      },
      { extends: true, test: { name: "contracts", include: ["test/contracts/**/*.test.ts"], testTimeout: 180_000 } },
      {
        extends: true,
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts", "test/cluster/**/*.test.ts"],
          // Only for whoever names a cluster of their own.
          exclude: process.env.WEIR_E2E_KUBECONFIG === undefined ? ["test/e2e/any-cluster.test.ts"] : [],
          testTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
