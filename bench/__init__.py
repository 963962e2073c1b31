"""Speed and memory, measured: workloads and the harness that runs them. `README.md` has the figures."""
