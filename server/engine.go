package server

// Mounted is a method and a path that the router answers.
type Mounted struct{ Method, Path string }

// Mounted are all methods and paths that the router answers, for the test that
// compares them with the registered routes. HEAD comes with every GET.
func (s *Server) Mounted() []Mounted {
	var all []Mounted
	for _, r := range s.engine.Routes() {
		all = append(all, Mounted{Method: r.Method, Path: r.Path})
	}
	return all
}

// RouterPath is a route's path as Mounted has it.
func (r Route) RouterPath() string { return ginPath(r.Path) }
