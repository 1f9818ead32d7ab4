package rules

// reservedWords have a meaning in conditions: operators and literals of expr, and
// the functions that conditions and validity expressions know.
var reservedWords = wordSet(
	"and", "or", "not", "in", "true", "false", "nil", "let", "if", "else", "matches", "contains", "startsWith", "endsWith",
	"asked", "has_any", "has_all", "has_only", "otherwise", "when",
	"filed_on", "today", "account", "statement", "days", "months_between", "same_text", "lower", "len",
)

func wordSet(words ...string) map[string]bool {
	set := make(map[string]bool, len(words))
	for _, w := range words {
		set[w] = true
	}
	return set
}

// The engine's own few words for answers, in the languages that it ships with.
var (
	yesWords      = Text{"": "Yes", "en": "Yes", "zh-Hans": "是", "pt-BR": "Sim"}
	noWords       = Text{"": "No", "en": "No", "zh-Hans": "否", "pt-BR": "Não"}
	notAskedWords = Text{"": "Not asked", "en": "Not asked", "zh-Hans": "未询问", "pt-BR": "Não perguntado"}
	noneWords     = Text{"": "None", "en": "None", "zh-Hans": "无", "pt-BR": "Nenhum"}
)
