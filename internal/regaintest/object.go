package regaintest

// Object is a JSON object as it came.
type Object map[string]any

// Text is a member that is a string; "" when there is none.
func (o Object) Text(key string) string {
	s, _ := o[key].(string)
	return s
}

// Sub is a member that is an object; nil when there is none.
func (o Object) Sub(key string) Object {
	switch v := o[key].(type) {
	case Object:
		return v
	case map[string]any:
		return v
	}
	return nil
}

// List is a member that is an array of objects.
func (o Object) List(key string) []Object {
	raw, _ := o[key].([]any)
	out := make([]Object, 0, len(raw))
	for _, v := range raw {
		if e, ok := v.(map[string]any); ok {
			out = append(out, e)
		}
	}
	return out
}
