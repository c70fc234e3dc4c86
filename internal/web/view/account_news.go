package view

// StopNews lets a person who follows the link of a mail take back that they
// agreed to be sent news.
type StopNews struct {
	Frame
	Form
	Stopped bool // it is taken back, or was
	HomeURL string
}

func (*StopNews) template() string { return "account/stop-news" }

// Heading is what the page asks, or says.
func (p *StopNews) Heading() (string, error) {
	if p.Stopped {
		return p.T("news_stop.done")
	}
	return p.T("news_stop.title")
}
