import "./tokens.css";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Problem } from "./api/problem";
import { makeRouter } from "./router";

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      // A wrong request stays wrong; what may pass is asked once more.
      retry: (failures, error) => failures < 1 && error instanceof Problem && error.temporary,
      retryDelay: 500,
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});

if (import.meta.env.MODE === "mocks") {
  const { startMocks } = await import("../mocks/browser");
  await startMocks();
}

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
// A problem that a screen shows is no fault of the program.
const onCaughtError = (error: unknown) => void (error instanceof Problem || console.error(error));
createRoot(root, { onCaughtError }).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <RouterProvider router={makeRouter()} />
    </QueryClientProvider>
  </StrictMode>,
);
