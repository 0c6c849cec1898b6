// Prints, side by side, what our planner and Karpenter's scheduler make of the same instances.
//
//	karpenter OURS.jsonl
//
// Each line of the file is one result of ours and names the instance it is of; instances are read from
// the files that our side read.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"

	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/karpenter/pkg/operator/logging"

	"spot-optimizer/tests/peers/karpenter/instance"
)

// What our side made of an instance. Costs in USD an hour.
type ours struct {
	File       string
	BudgetMS   float64 `json:"budget_ms"`
	Cost       float64
	Bound      float64
	CPUSeconds float64 `json:"cpu_seconds"`
	Nodes      int
}

func main() {
	log.SetLogger(logging.NopLogger)
	if len(os.Args) != 2 {
		fail(fmt.Errorf("OURS.jsonl is missing"))
	}
	lines, err := os.Open(os.Args[1])
	if err != nil {
		fail(err)
	}
	fmt.Printf("Karpenter %s, at the cheapest offering left per NodeClaim. USD/h and CPU seconds; ratios are theirs over ours.\n", version())
	fmt.Printf("%-16s %7s %10s | %10s %10s %6s %7s | %10s %7s | %6s %7s\n",
		"instance", "pods", "budget_ms", "bound", "ours", "gap_%", "cpu_s", "karpenter", "cpu_s", "cost_x", "cpu_x")
	known := map[string]packed{}
	for scanner := bufio.NewScanner(lines); scanner.Scan(); {
		var mine ours
		if err := json.Unmarshal(scanner.Bytes(), &mine); err != nil {
			fail(err)
		}
		given, err := instance.Read(mine.File)
		if err != nil {
			fail(fmt.Errorf("%s: %w", mine.File, err))
		}
		theirs, solved := known[mine.File]
		if !solved {
			if theirs, err = solve(given); err != nil {
				fail(fmt.Errorf("%s: %w", mine.File, err))
			}
			known[mine.File] = theirs
		}
		name := filepath.Base(mine.File)
		fmt.Printf("%-16s %7d %10.0f | %10.4f %10.4f %6.2f %7.2f | %10.4f %7.2f | %6.3f %7.1f\n",
			name[:len(name)-len(filepath.Ext(name))], len(given.Pods), mine.BudgetMS,
			mine.Bound, mine.Cost, (mine.Cost/mine.Bound-1)*100, mine.CPUSeconds,
			theirs.cost, theirs.cpuSeconds, theirs.cost/mine.Cost, theirs.cpuSeconds/mine.CPUSeconds)
	}
}

// Of the module that is built in.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "sigs.k8s.io/karpenter" {
				return module.Version
			}
		}
	}
	return "(unknown version)"
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "bench-karpenter:", err)
	os.Exit(1)
}
