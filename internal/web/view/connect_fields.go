package view

// Fields are those of the form of a connection, but for the mapping.
func (p *ConnectSettings) Fields() []Field {
	address := p.field("metadata_url", "connect.field.metadata_url", "connect.field.metadata_url.hint")
	if address.InputMode = "url"; p.SAML {
		address.Hint = "connect.field.metadata_url.saml"
	}
	fields := []Field{p.field("name", "connect.field.name", "connect.field.name.hint"), address}
	if !p.SAML {
		secret := p.field("client_secret", "connect.field.client_secret", "connect.field.client_secret.hint")
		secret.Type, secret.Autocomplete = "password", "new-password"
		if p.Kept {
			secret.Hint = "connect.field.client_secret.kept"
		}
		fields = append(fields, p.field("client_id", "connect.field.client_id", "connect.field.client_id.hint"), secret)
	}
	for i := range fields { // the first that is at fault has the focus
		if fields[i].Fault != "" {
			fields[i].Focus = true
			break
		}
	}
	return fields
}

// Mapping are the fields for the names of claims or attributes.
func (p *ConnectSettings) Mapping() []Field {
	fields := []Field{
		p.field("email", "connect.field.email", ""), p.field("given_name", "connect.field.given_name", ""),
		p.field("family_name", "connect.field.family_name", ""), p.field("groups", "connect.field.groups", "connect.field.groups.hint"),
	}
	for i := range fields {
		fields[i].Optional = true
	}
	return fields
}

// Mapped reports whether the part of the mapping is open: something is in it.
func (p *ConnectSettings) Mapped() bool {
	for _, name := range []string{"email", "given_name", "family_name", "groups", "roles"} {
		if p.Typed[name] != "" || p.Faults[name] != "" {
			return true
		}
	}
	return false
}

// Tick is a box to tick.
type Tick struct {
	Name        string
	Label, Hint Message
	On          bool
}

// Ticks are the boxes of what few need.
func (p *ConnectSettings) Ticks() []Tick {
	ticks := []Tick{p.tick("sign_out", "connect.sign_out", "connect.sign_out.hint")}
	if p.SAML {
		ticks = append(ticks, p.tick("one_signature", "connect.one_signature", "connect.one_signature.hint"),
			p.tick("idp_initiated", "connect.idp_initiated", "connect.idp_initiated.hint"))
	}
	return ticks
}

func (p *ConnectSettings) tick(name string, label, hint Message) Tick {
	return Tick{Name: name, Label: label, Hint: hint, On: p.Typed[name] != ""}
}

// Subject is the field for the attribute by which people are known for good.
func (p *ConnectSettings) Subject() Field {
	f := p.field("claim_subject", "connect.claim_subject", "connect.claim_subject.hint")
	f.Optional = true
	return f
}

// Advanced reports whether the part of what few need is open: some of it is used.
func (p *ConnectSettings) Advanced() bool {
	for _, name := range []string{"sign_out", "one_signature", "idp_initiated", "claim_subject"} {
		if p.Typed[name] != "" {
			return true
		}
	}
	return false
}

func (p *ConnectSettings) field(name string, label, hint Message) Field {
	return Field{
		Frame: &p.Frame, Name: name, Type: "text", Label: label, Hint: hint, Fault: p.Faults[name], Value: p.Typed[name], Autocomplete: "off", Code: true,
	}
}

// Metadata is the provider's document, for who has no address of it.
func (p *ConnectSettings) Metadata() Area {
	return Area{
		Frame: &p.Frame, Name: "metadata", Label: "connect.field.metadata", Hint: "connect.field.metadata.hint", Fault: p.Faults["metadata"],
		Value: p.Typed["metadata"], Rows: 5, FileLabel: "connect.field.metadata_file",
	}
}

// Roles are the rules by which groups get roles.
func (p *ConnectSettings) Roles() Area {
	return Area{
		Frame: &p.Frame, Name: "roles", Label: "connect.field.roles", Hint: "connect.field.roles.hint", Fault: p.Faults["roles"],
		FaultValues: []string{"Line", p.Line}, Value: p.Typed["roles"], Rows: 4,
	}
}
