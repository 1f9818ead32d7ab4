package web

import "regain/server/api"

// signalLine is what one thing of the case has in common with others, or that it is
// blocked.
type signalLine struct {
	Kind string
	// File is the name of the case's file that is concerned.
	File  string
	Cases []seenCase
	Block *api.BlockBrief
}

// seenCase is another case in a line.
type seenCase struct {
	api.SeenCase
	// Kind is the line's.
	Kind string
}

// SignalLines puts the cases of one kind, and of one file, on a line.
func (d *reviewPage) SignalLines() []*signalLine {
	if d.Staff == nil {
		return nil
	}
	var lines []*signalLine
	byAbout := map[string]*signalLine{}
	for _, s := range d.Staff.Signals {
		line := byAbout[s.Kind+s.Document]
		if line == nil || s.Block != nil {
			line = &signalLine{Kind: s.Kind, File: d.fileName(s.Document), Block: s.Block}
			byAbout[s.Kind+s.Document] = line
			lines = append(lines, line)
		}
		if s.Case != nil {
			line.Cases = append(line.Cases, seenCase{*s.Case, s.Kind})
		}
	}
	return lines
}

// fileName is the name of one of the case's files; empty when there is none.
func (d *reviewPage) fileName(id string) string {
	for _, doc := range d.Staff.Documents {
		if doc.ID == id {
			return doc.Name
		}
	}
	return ""
}
