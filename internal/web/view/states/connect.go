package states

import (
	"time"

	"signet/internal/web/view"
)

// connectPages are those by which an organization moves to its own sign-in.
func connectPages() []State {
	return append(connectHomes(), append(connectConnections(), connectPeople()...)...)
}

func connectFrame(edit func(*view.ConnectFrame)) view.ConnectFrame {
	f := view.ConnectFrame{OrgFrame: orgFrame(view.RoleOwner, view.TabSignIn), HomeURL: "/orgs/o1/signin"}
	if edit != nil {
		edit(&f)
	}
	return f
}

func delegated(f *view.ConnectFrame) {
	f.Delegate, f.HomeURL, f.SignedIn = true, "/setup/l1", nil
}

func connectHomes() []State {
	home := func(edit func(*view.ConnectHome)) func() view.Page {
		return func() view.Page {
			p := &view.ConnectHome{
				ConnectFrame: connectFrame(nil), AddDomain: view.Form{Action: "/orgs/o1/signin/domains"}, NewURL: "/orgs/o1/signin/providers",
				Next: view.ConnectNext{Say: view.ConnectNextDomain, URL: "#domains"}, LinkForm: view.Form{Action: "/orgs/o1/signin/links"},
			}
			edit(p)
			return p
		}
	}
	fault := func(m view.Message, typed string) func() view.Page {
		return home(func(p *view.ConnectHome) { p.Fault, p.Typed, p.FaultDomain = m, typed, typed })
	}
	full := func(p *view.ConnectHome) {
		p.Domains = []view.ConnectRow{
			{Name: "engines.example", State: view.DomainProven, URL: "/orgs/o1/signin/domains/engines.example"},
			{Name: "difference.example", State: view.DomainMissed, URL: "/d"}, {Name: "xn--mgba3a4f16a.example", State: view.DomainWaits, URL: "/d"},
		}
		p.Connections = []view.ConnectRow{
			{Name: "Contoso", About: view.ConnectProtocolOidc, State: view.ConnRequired, URL: "/orgs/o1/signin/connections/c1"},
			{Name: "Okta", About: view.ConnectProtocolSaml, State: view.ConnOn, URL: "/c"}, {Name: "Okta 2", About: view.ConnectProtocolSaml, State: view.ConnTried, URL: "/c"},
			{Name: "Fabrikam", About: view.ConnectProtocolOidc, State: view.ConnUntried, URL: "/c"}, {Name: "New", About: view.ConnectProtocolOidc, State: view.ConnPartial, URL: "/c"},
			{Name: "Everybody", About: view.ConnectProtocolOidc, State: view.ConnForOthers},
		}
		p.Links = []view.SetupLinkRow{{Until: noon.Add(48 * time.Hour), Revoke: view.Form{Action: "/r", Hidden: []view.Pair{{Name: "link", Value: "l1"}}}}, {Until: noon, Claimed: true, Revoke: view.Form{Action: "/r"}}}
		p.Next = view.ConnectNext{Say: view.ConnectNextDone}
	}
	found := func(m view.Message) func() view.Page {
		return domainPage(func(p *view.ConnectDomain) {
			p.Found = view.Sentence{Say: m, Values: []string{
				"Record", "_signet-challenge.engines.example", "Label", "_signet-challenge", "Where", "engines.example", "Seen", "v=spf1 -all", "Domain", "engines.example",
			}}
			p.Checked = noon
		})
	}
	return []State{
		state("connect/home/first", home(func(*view.ConnectHome) {})),
		state("connect/home/full", home(full)),
		state("connect/home/link", home(func(p *view.ConnectHome) { p.NewLink = "https://id.example/setup/019e6f6a/open?key=abc" })),
		state("connect/home/links-full", home(func(p *view.ConnectHome) { p.LinksFull = true })),
		state("connect/home/delegate", home(func(p *view.ConnectHome) {
			full(p)
			delegated(&p.ConnectFrame)
			p.LinkForm, p.Links, p.Notice = view.Form{}, nil, view.NoticeDomainRemoved
		})),
		state("connect/home/missing", fault(view.FaultDomainMissing, "")), state("connect/home/malformed", fault(view.FaultDomainMalformed, "no domain")),
		state("connect/home/suffix", fault(view.FaultDomainSuffix, "co.uk")), state("connect/home/free", fault(view.FaultDomainFreeMail, "gmail.com")),
		state("connect/home/mixed", fault(view.FaultDomainMixed, "ex\u0430mple.com")), state("connect/home/most", fault(view.FaultDomainMost, "more.example")),
		state("connect/domain/added", domainPage(func(p *view.ConnectDomain) { p.Notice = view.NoticeDomainAdded })),
		state("connect/domain/missing", found(view.ConnectFoundMissing)), state("connect/domain/other", found(view.ConnectFoundOther)),
		state("connect/domain/at-domain", found(view.ConnectFoundAtDomain)), state("connect/domain/doubled", found(view.ConnectFoundDoubled)),
		state("connect/domain/unanswered", found(view.ConnectFoundUnanswered)), state("connect/domain/taken", found(view.ConnectFoundTaken)),
		state("connect/domain/alike", found(view.ConnectFoundAlike)), state("connect/domain/soon", found(view.ConnectFoundSoon)),
		state("connect/domain/proven", domainPage(func(p *view.ConnectDomain) {
			p.Proven, p.State, p.Checked, p.Notice = true, view.DomainProven, noon, view.NoticeDomainProven
			p.Lead, p.Choices = view.Form{Action: "/lead"}, []view.Chosen{{Value: "c1", Text: "Contoso", Selected: true}, {Value: "c2", Text: "Okta"}}
		})),
		state("connect/domain/missed", domainPage(func(p *view.ConnectDomain) { p.Proven, p.State, p.Missed = true, view.DomainMissed, noon })),
		state("connect/domain/vouched", domainPage(func(p *view.ConnectDomain) { p.Proven, p.Vouched, p.State = true, true, view.DomainProven })),
	}
}

func domainPage(edit func(*view.ConnectDomain)) func() view.Page {
	return func() view.Page {
		p := &view.ConnectDomain{
			ConnectFrame: connectFrame(nil), Domain: "engines.example", State: view.DomainWaits, Check: view.Form{Action: "/check"}, Remove: view.Form{Action: "/remove"},
			Record: []view.Copied{
				{Label: view.ConnectRecordType, Value: "TXT"}, {Label: view.ConnectRecordName, Value: "_signet-challenge"},
				{Label: view.ConnectRecordFull, Value: "_signet-challenge.engines.example"}, {Label: view.ConnectRecordText, Value: "signet-domain-proof=3q2-7wSb0fC9k1x8VtYh5mJ6nLpRzQ4eUaIoDgXcKsM"},
			},
		}
		edit(p)
		return p
	}
}

var ourSide = view.GuideAddresses{
	App: "Signet", Callback: "https://id.example/federation/019e6f6a-6e53-7c39-9d0c-2f6f6a3b1c55/callback", SignOut: "https://id.example/federation/019e6f6a-6e53-7c39-9d0c-2f6f6a3b1c55/signed-out", Told: "https://id.example/federation/019e6f6a-6e53-7c39-9d0c-2f6f6a3b1c55/backchannel",
	EntityID: "https://id.example/federation/019e6f6a-6e53-7c39-9d0c-2f6f6a3b1c55/metadata", ACS: "https://id.example/federation/019e6f6a-6e53-7c39-9d0c-2f6f6a3b1c55/acs",
}

func settingsPage(guide view.Guide, edit func(*view.ConnectSettings)) func() view.Page {
	return func() view.Page {
		p := &view.ConnectSettings{
			ConnectFrame: connectFrame(nil), Form: view.Form{Action: "/save"}, Name: "Microsoft Entra ID", State: view.ConnPartial, Steps: guide.Steps(ourSide),
			SAML: guide == view.GuideSAML || guide == view.GuideOktaSAML || guide == view.GuideEntraSAML, Typed: map[string]string{"name": "Microsoft Entra ID"},
			Try: view.Form{Action: "/try"}, Switch: view.Form{Action: "/switch"}, Remove: view.Form{Action: "/remove"}, Owners: "ada@example.com, bob@example.com",
		}
		edit(p)
		return p
	}
}

func connectConnections() []State {
	fresh := func(*view.ConnectSettings) {}
	tried := func(p *view.ConnectSettings) {
		p.Complete, p.Kept, p.TriedAt, p.State = true, true, noon, view.ConnTried
	}
	all := []State{
		state("connect/providers/usual", func() view.Page {
			return &view.ConnectProviders{ConnectFrame: connectFrame(nil), Form: view.Form{Action: "/p"}, Guides: []view.GuideChoice{
				{Value: "entra", Name: "Microsoft Entra ID (Azure AD)", About: view.ConnectProtocolOidc}, {Value: "okta-saml", Name: "Okta", About: view.ConnectProtocolSaml},
				{Value: "oidc", About: view.ConnectProtocolOidc},
			}}
		}),
		state("connect/settings/faults", settingsPage(view.GuideEntra, func(p *view.ConnectSettings) {
			p.Faults = map[string]view.Message{
				"": view.FaultSettings, "name": view.FaultConnectionName, "metadata_url": view.FaultMetadataNeeded, "client_id": view.FaultClientID,
				"client_secret": view.FaultClientSecret, "metadata": view.FaultTooLong, "roles": view.FaultRoleLine,
			}
			p.Fault, p.Line, p.Trouble = view.FaultSettings, "2", "the address answers with status 404 and not 200"
		})),
		state("connect/settings/unreachable", settingsPage(view.GuideOktaSAML, func(p *view.ConnectSettings) { p.Fault, p.Trouble = view.FaultMetadataURL, "no answer" })),
		state("connect/settings/advanced", settingsPage(view.GuideSAML, func(p *view.ConnectSettings) {
			p.Typed["sign_out"], p.Typed["idp_initiated"], p.Typed["claim_subject"] = "1", "1", "urn:oid:0.9.2342.19200300.100.1.1"
		})),
		state("connect/settings/untried", settingsPage(view.GuideEntra, func(p *view.ConnectSettings) {
			p.Complete, p.Kept, p.State, p.Notice, p.Fault = true, true, view.ConnUntried, view.NoticeConnSaved, view.FaultUntried
		})),
		state("connect/settings/stopped", settingsPage(view.GuideOIDC, func(p *view.ConnectSettings) {
			p.Complete, p.Kept, p.State, p.Notice = true, true, view.ConnUntried, view.NoticeConnStopped
		})),
		state("connect/settings/eased", settingsPage(view.GuideOIDC, func(p *view.ConnectSettings) {
			p.Complete, p.Kept, p.Proven, p.On, p.State, p.Notice = true, true, true, true, view.ConnOn, view.NoticeConnEased
		})),
		state("connect/settings/no-domain", settingsPage(view.GuideEntra, func(p *view.ConnectSettings) { tried(p); p.Fault = view.FaultNoDomain })),
		state("connect/settings/tried", settingsPage(view.GuideEntra, func(p *view.ConnectSettings) { tried(p); p.Proven, p.Notice = true, view.NoticeConnPassed })),
		state("connect/settings/required", settingsPage(view.GuideEntra, func(p *view.ConnectSettings) {
			tried(p)
			p.Proven, p.On, p.Required, p.State, p.Notice = true, true, true, view.ConnRequired, view.NoticeConnRequired
			p.Typed = map[string]string{"name": "Contoso", "client_id": "0a1b", "groups": "groups", "roles": "it-admins = admin\n", "metadata_url": "https://login.microsoftonline.com/1/v2.0/.well-known/openid-configuration"}
		})),
	}
	for _, g := range []view.Guide{view.GuideEntra, view.GuideEntraSAML, view.GuideOkta, view.GuideOktaSAML, view.GuideOIDC, view.GuideSAML} {
		all = append(all, state("connect/settings/"+string(g), settingsPage(g, fresh)))
	}
	return append(all, trials()...)
}

func trials() []State {
	trial := func(edit func(*view.ConnectTrial)) func() view.Page {
		return func() view.Page {
			p := &view.ConnectTrial{
				ConnectFrame: connectFrame(nil), Name: "Contoso", Good: true, Again: view.Form{Action: "/try"}, BackURL: "/c",
				Confirm: view.Form{Action: "/passed", Hidden: []view.Pair{{Name: "trial", Value: "f1"}}},
				Rows: []view.TrialRow{
					{Label: view.ConnectRowSubject, Arrived: "0c1d2e3f", Becomes: view.Sentence{Say: view.ConnectBecomesSubject}},
					{Label: view.ConnectRowEmail, From: "email", Arrived: "ada@engines.example", Becomes: view.Sentence{Say: view.ConnectBecomesEmail, Values: []string{"Email", "ada@engines.example"}}},
					{Label: view.ConnectRowName, Arrived: "Ada Lovelace", Becomes: view.Sentence{Say: view.ConnectBecomesName, Values: []string{"Name", "Ada Lovelace"}}},
					{Label: view.ConnectRowGroups, From: "groups", Arrived: "it-admins", Becomes: view.Sentence{Say: view.ConnectBecomesAdmin}},
				},
				Outcome: view.Sentence{Say: view.ConnectOutcomeNew, Values: []string{"Email", "ada@engines.example"}},
				Raw:     []view.Pair{{Name: "email", Value: "ada@engines.example"}, {Name: "groups", Value: "it-admins, staff"}},
			}
			edit(p)
			return p
		}
	}
	bad := func(m view.Message) func() view.Page {
		return trial(func(p *view.ConnectTrial) {
			p.Good, p.Rows[1].Bad, p.Outcome = false, true, view.Sentence{Say: view.ConnectOutcomeRefused}
			p.Rows[1].Becomes = view.Sentence{Say: m, Values: []string{"Domain", "other.example"}}
			p.Rows[2].Arrived, p.Rows[2].Becomes = "", view.Sentence{Say: view.ConnectBecomesNoName}
			p.Rows[3].Arrived, p.Rows[3].Becomes = "", view.Sentence{Say: view.ConnectBecomesViewer}
		})
	}
	outcome := func(m view.Message, good bool) func() view.Page {
		return trial(func(p *view.ConnectTrial) { p.Good, p.Outcome.Say = good, m })
	}
	return []State{
		state("connect/trial/new", trial(func(*view.ConnectTrial) {})), state("connect/trial/link", outcome(view.ConnectOutcomeLink, true)),
		state("connect/trial/known", outcome(view.ConnectOutcomeKnown, true)), state("connect/trial/changed", outcome(view.ConnectOutcomeChanged, false)),
		state("connect/trial/unproven", bad(view.ConnectBecomesUnproven)), state("connect/trial/no-email", bad(view.ConnectBecomesNoEmail)),
		state("connect/trial/refused", bad(view.ConnectBecomesRefused)),
		state("connect/trial/failed", trial(func(p *view.ConnectTrial) {
			p.Good, p.Rows, p.Raw, p.Failed = false, nil, nil, "the token endpoint answers invalid_client: check the client secret"
			delegated(&p.ConnectFrame)
		})),
	}
}

func connectPeople() []State {
	company := func(form view.Form) func() view.Page {
		return func() view.Page {
			return &view.CompanySignIn{Frame: asked(&console), Form: form, Connection: "Contoso", Domain: "engines.example", Org: "Analytical Engines", ContinueURL: "/signin/with"}
		}
	}
	invite := func(by string) func() view.Page {
		return func() view.Page {
			return &view.SetupInvite{Org: "Analytical Engines", By: by, Until: noon, Form: view.Form{Action: "/setup/l1/open", Hidden: []view.Pair{{Name: "key", Value: "k"}}}}
		}
	}
	return []State{
		state("connect/company/usual", company(view.Form{})), state("connect/company/owner", company(view.Form{Action: "/recover"})),
		state("connect/invite/usual", invite("ada@example.com")), state("connect/invite/nobody", invite("")),
	}
}
