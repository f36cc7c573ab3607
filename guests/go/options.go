package guest

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Options are a guest's own options, by name. A plan gives them as texts, a person on the command line perhaps as numbers or truth values.
type Options map[string]string

// ParseOptions reads the options of a setup. It panics if they are no JSON object of plain values.
func ParseOptions(text []byte) Options {
	options := Options{}
	if len(text) == 0 {
		return options
	}
	var values map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&values); err != nil {
		panic("the options are no JSON object: " + err.Error())
	}
	for name, value := range values {
		switch value := value.(type) {
		case string:
			options[name] = value
		case json.Number:
			options[name] = value.String()
		case bool:
			options[name] = map[bool]string{true: "on", false: "off"}[value]
		default:
			panic("the option " + name + " is no plain value")
		}
	}
	return options
}

// On says whether an option is on; usual is what it is where the plan says nothing.
func (o Options) On(name string, usual bool) bool {
	switch value := strings.TrimSpace(o[name]); value {
	case "":
		return usual
	case "on", "true":
		return true
	case "off", "false":
		return false
	default:
		panic("the option " + name + " is on or off, not " + value)
	}
}
