package view

import "fmt"

// AgreeNews is the sentence beside the box by which people agree to be sent
// news. The ledger keeps it as it was shown.
const AgreeNews Message = "agree.news"

// agreementVersions are the versions of such sentences: a new one whenever the
// sentence of any language changes, which a test notices.
var agreementVersions = map[Message]string{AgreeNews: "1"}

// Wording is a sentence that people agree to, as they see it.
type Wording struct{ Text, Version, Language string }

// Wording returns the sentence in the language.
func (r *Renderer) Wording(loc Locale, key Message) (Wording, error) {
	version, ok := agreementVersions[key]
	if !ok {
		return Wording{}, fmt.Errorf("nobody agrees to %q", key)
	}
	cat, err := catalogueOf(loc)
	if err != nil {
		return Wording{}, err
	}
	text, err := cat.text(key, nil)
	return Wording{Text: text, Version: version, Language: loc.String()}, err
}
