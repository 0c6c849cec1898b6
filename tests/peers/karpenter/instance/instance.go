// Package instance reads the problems that both sides solve, in neither's terms.
package instance

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
)

// An Instance is machines that can be bought, and pods that wait.
type Instance struct {
	Machines []Machine
	Pods     []Pod
}

// A Machine is a type with what pods may use of it, and where it is sold.
type Machine struct {
	Name                  string
	CPUMilli, MemoryBytes int64
	PodLimit              int64
	Offers                []Offer
}

// An Offer has a price in USD an hour.
type Offer struct {
	Zone, CapacityType string
	Price              float64
}

// A Pod is what one asks for, of a machine and of its neighbours.
type Pod struct {
	CPUMilli, MemoryBytes int64
	Labels                map[string]string
	Spread                []Spread
	Affinity              []Term
	AntiAffinity          []Term
}

// A Spread is a topology spread constraint, in the names that Rust gives it in JSON.
type Spread struct {
	MaxSkew     int32  `json:"max_skew"`
	TopologyKey string `json:"topology_key"`
	Required    bool
	Selector    Selector
}

// A Term of pod affinity or anti-affinity, required.
type Term struct {
	TopologyKey string `json:"topology_key"`
	Selector    Selector
	Namespaces  []string
}

// A Selector of labels; operators are spelt as in Kubernetes.
type Selector struct {
	Requirements []struct {
		Key, Operator string
		Values        []string
	}
}

const mib = 1 << 20

// The only zone of instances that know none.
const anywhere = "zone-a"

// Read reads a file in either format: the planner's input where it ends in .json, else the text format.
func Read(path string) (Instance, error) {
	file, err := os.Open(path)
	if err != nil {
		return Instance{}, err
	}
	defer file.Close()
	if strings.HasSuffix(path, ".json") {
		return readExchange(file)
	}
	return readPacking(file)
}

// Reads `n_types n_classes`; per type `cpu_milli memory_MiB pods price_usd_h`; per class
// `cpu_milli memory_MiB 1 count`. Room is rounded down and requests up, as our side does.
func readPacking(from io.Reader) (Instance, error) {
	lines := bufio.NewScanner(from)
	head, err := numbers(lines, 2)
	if err != nil {
		return Instance{}, err
	}
	var read Instance
	for at := range int(head[0]) {
		row, err := numbers(lines, 4)
		if err != nil {
			return Instance{}, err
		}
		read.Machines = append(read.Machines, Machine{
			Name:        fmt.Sprintf("type-%d", at),
			CPUMilli:    int64(math.Floor(row[0])),
			MemoryBytes: int64(math.Floor(row[1] * mib)),
			PodLimit:    int64(row[2]),
			Offers:      []Offer{{Zone: anywhere, CapacityType: "on-demand", Price: row[3]}},
		})
	}
	for range int(head[1]) {
		row, err := numbers(lines, 4)
		if err != nil {
			return Instance{}, err
		}
		for range int(row[3]) {
			read.Pods = append(read.Pods, Pod{
				CPUMilli:    int64(math.Ceil(row[0])),
				MemoryBytes: int64(math.Ceil(row[1] * mib)),
			})
		}
	}
	return read, lines.Err()
}

func numbers(lines *bufio.Scanner, count int) ([]float64, error) {
	if !lines.Scan() {
		return nil, fmt.Errorf("the file ends early")
	}
	words := strings.Fields(lines.Text())
	if len(words) != count {
		return nil, fmt.Errorf("%q has %d words, not %d", lines.Text(), len(words), count)
	}
	row := make([]float64, count)
	for at, word := range words {
		var err error
		if row[at], err = strconv.ParseFloat(word, 64); err != nil {
			return nil, err
		}
	}
	return row, nil
}

// The planner's input as Rust writes it, and what pods may use of each type, which Rust computes.
type exchange struct {
	Input struct {
		Snapshot struct {
			Pods []struct {
				Requests       resources
				Labels         map[string]string
				TopologySpread []Spread `json:"topology_spread"`
				Affinity       []Term
				AntiAffinity   []Term `json:"anti_affinity"`
			}
		}
		Market struct {
			Offerings []struct {
				InstanceType string `json:"instance_type"`
				Zone         string
				CapacityType string `json:"capacity_type"`
				NanoUSD      int64  `json:"price_per_hour"`
			}
		}
	}
	Allocatable map[string]resources
}

type resources struct {
	CPUMilli  int64 `json:"cpu_milli"`
	MemoryMiB int64 `json:"memory_mib"`
	Pods      int64
}

func readExchange(from io.Reader) (Instance, error) {
	var read exchange
	if err := json.NewDecoder(from).Decode(&read); err != nil {
		return Instance{}, err
	}
	offers := map[string][]Offer{}
	for _, sold := range read.Input.Market.Offerings {
		offers[sold.InstanceType] = append(offers[sold.InstanceType],
			Offer{Zone: sold.Zone, CapacityType: sold.CapacityType, Price: float64(sold.NanoUSD) / 1e9})
	}
	var made Instance
	for name, room := range read.Allocatable {
		made.Machines = append(made.Machines, Machine{
			Name: name, CPUMilli: room.CPUMilli, MemoryBytes: room.MemoryMiB * mib,
			PodLimit: room.Pods, Offers: offers[name],
		})
	}
	for _, waits := range read.Input.Snapshot.Pods {
		made.Pods = append(made.Pods, Pod{
			CPUMilli: waits.Requests.CPUMilli, MemoryBytes: waits.Requests.MemoryMiB * mib,
			Labels: waits.Labels, Spread: waits.TopologySpread,
			Affinity: waits.Affinity, AntiAffinity: waits.AntiAffinity,
		})
	}
	return made, nil
}
