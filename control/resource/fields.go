package resource

// field says of one field what its Go type does not: it is the source of the JSON Schema and of the tables of
// docs/resources.md.
type field struct {
	about    string
	required bool
	// enum lists all values of a closed set.
	enum []string
	// standard is what holds when the field is left out, for readers.
	standard string
}

// fields is keyed by "Type.field", with the type's name (typeName) and the field's name in files.
func fields() map[string]field {
	out := map[string]field{}
	for _, part := range []map[string]field{connectionFields(), awsFields(), personFields(), policyFields(), ruleFields(), maskFields(), projectFields(), warehouseFields()} {
		for k, v := range part {
			out[k] = v
		}
	}
	return out
}

func connectionFields() map[string]field {
	return map[string]field{
		"Connection.name":           {about: "the database that clients of the proxy ask for", required: true},
		"Connection.engine":         {about: "what the warehouse is", required: true, enum: []string{"postgres", "redshift"}},
		"Connection.host":           {about: "a name, an address, or the absolute path of the folder of a Unix-domain socket", required: true},
		"Connection.port":           {about: "the TCP port", standard: "5432; 5439 for redshift"},
		"Connection.database":       {about: "the database in the warehouse", required: true},
		"Connection.user":           {about: "the service role, which is no superuser", required: true},
		"Connection.password":       {about: "where the service role's password is; resolved at each use", standard: "none is sent"},
		"Connection.aws":            {about: "how AWS gives the service role's credentials, instead of a password"},
		"Connection.tls":            {about: "how the connection to the warehouse is encrypted"},
		"Connection.connectTimeout": {about: "bound of one log-in, in seconds", standard: "10"},
		"Connection.log":            {about: "where the warehouse logs the statements that people run there past the proxy", standard: "they are not on record"},
		"Connection.objectSync":     {about: "how Postern keeps in step with the warehouse's tables and columns"},

		"Connection.masks":  {about: "what computes masks and samples with a key in a redshift: lambda, or builtin for Redshift's own SHA2, with other values and without reversible and format-preserving masks", standard: "lambda"},
		"Connection.unload": {about: "what a redshift needs to write what people unload to S3", standard: "nobody can unload"},

		"ConnectionUnload.role": {about: "the IAM role that the warehouse assumes to write to S3: `default` for the cluster's own, or the ARN of a role, or of several that are assumed one after the other, with commas between them", required: true},
		"ConnectionUnload.key":  {about: "the KMS key with which files are encrypted: its id, alias or ARN, or `auto` for that of the bucket", standard: "S3 encrypts with keys of its own"},

		"ObjectSync.interval": {about: "seconds between two looks at the warehouse's tables and columns, 1 to 86400", standard: "60"},
		"ObjectSync.watch":    {about: "`true`: each server keeps a session open, asks each second whether anything in the warehouse's catalog has changed, and looks when it has", standard: "false"},
		"ObjectSync.replaced": {about: "what becomes of a source when another table has its name: `held`: nobody reads it until `postern objects accept`; `recreated`: as that, but a table that is new takes the place of one that was dropped; `accepted`: whatever has the name is the source", enum: replacements(), standard: "recreated"},

		"ConnectionLog.format":  {about: "of postgres as log_destination says: csvlog or jsonlog; of redshift the views that are asked: SYS_QUERY_HISTORY, or STL_QUERY of clusters that have no SYS views", enum: []string{"csv", "json", "sys", "stl"}, required: true},
		"ConnectionLog.every":   {about: "seconds between two looks, 1 to 3600", standard: "1; 10 of redshift"},
		"ConnectionLog.folder":  {about: "the folder that the server writes its log to", standard: "the server is asked; the service role then needs pg_monitor and pg_read_server_files"},
		"ConnectionLog.zone":    {about: "log_timezone of the server, such as Europe/Berlin", standard: "UTC"},
		"ConnectionLog.pgaudit": {about: "the extension pgaudit logs the statements, and not log_statement"},

		"ConnectionTLS.mode":       {about: "`require` encrypts without checking the certificate", enum: []string{"off", "require", "verify-full"}, standard: "verify-full; off for loopback and Unix-domain sockets"},
		"ConnectionTLS.ca":         {about: "a PEM file of trusted authorities, with verify-full", standard: "the system's"},
		"ConnectionTLS.serverName": {about: "the name that the certificate must be for, with verify-full", standard: "the host"},

		"Ref.env":  {about: "the name of an environment variable; give this or `file`"},
		"Ref.file": {about: "a file whose content, less one trailing newline, is the secret"},

		"Source.name":             {about: "`connection.schema.table`, exact; a part with a dot or quote in it stands in double quotes", required: true},
		"Source.description":      {about: "for people"},
		"Source.tags":             {about: "tags of the source"},
		"Source.owner":            {about: "a user or group that answers for the source"},
		"Source.key":              {about: "the columns that identify a row", standard: "the primary key"},
		"Source.eventTime":        {about: "the column that says when what a row tells of happened"},
		"Source.latencyTolerance": {about: "bound, in seconds, of the age of attributes from outside identity sources", standard: "600"},
		"Source.replaced":         {about: "what becomes of the source when another table has its name, as in a Connection's `objectSync`", enum: replacements(), standard: "as the Connection says"},
		"Source.declassified":     {about: "tags of columns that a materialized view reads and that none of its own columns need carry"},
		"Source.enabled":          {about: "`false` takes the source out of service: it is denied to all", standard: "true"},
		"Source.columns":          {about: "columns that have something to say of them, by name; listing a column also counts as its review"},

		"SourceColumn.description": {about: "for people"},
		"SourceColumn.tags":        {about: "tags of the column"},
		"SourceColumn.predicates":  {about: "what a person's predicates on the masked column see; `refused`: it can only be shown; `rawEquality`: equality with constants finds rows by the value itself, on record", enum: []string{PredicatesMasked, PredicatesRefused, PredicatesRawEquality}, standard: "masked"},
		"SourceColumn.writeMasked": {about: "`true`: who may write the table may write the column although it is masked for them", standard: "false"},
	}
}

func personFields() map[string]field {
	return map[string]field{
		"User.name":         {about: "what the person logs in as", required: true},
		"User.groups":       {about: "groups that the person is a member of"},
		"User.attributes":   {about: "attributes by name, each with a list of values"},
		"User.password":     {about: "where the password is; kept as a SCRAM-SHA-256 verifier only", standard: "cannot log in"},
		"User.verifier":     {about: "instead of `password`: where a stored verifier (`SCRAM-SHA-256$…`) is"},
		"User.scram":        {about: "instead of `password`: the verifier itself, which `postern apply` makes of a password before it sends anything"},
		"User.exempt":       {about: "the break-glass account: authenticated and audited, not governed", standard: "false"},
		"Group.name":        {about: "the group", required: true},
		"Group.description": {about: "for people"},
		"Group.members":     {about: "names of users"},
		"Tag.name":          {about: "the tag, dotted", required: true},
		"Tag.description":   {about: "for people"},

		"User.impersonate":  {about: "as whom the person may act with SET SESSION AUTHORIZATION; never as an exempt user"},
		"Group.impersonate": {about: "as whom members of the group may act with SET SESSION AUTHORIZATION"},

		"User.disabled": {about: "cannot log in, and open sessions get no more answers", standard: "false"},
	}
}

func policyFields() map[string]field {
	return map[string]field{
		"Selector.tables":     {about: "patterns `connection.schema.table`, in which `*` stands for any characters but the dot"},
		"Selector.tags":       {about: "tags of the source; `PII` covers `PII.Phone`"},
		"Selector.columnTags": {about: "the sources that have a column with one of these tags"},

		"SubscriptionPolicy.name":       {about: "for messages, audit and explanations", required: true},
		"SubscriptionPolicy.on":         {about: "which sources: exactly one of its fields", required: true},
		"SubscriptionPolicy.access":     {about: "write implies read; unload is about writing what one may read to S3, and implies nothing", required: true, enum: []string{"read", "write", "unload"}},
		"SubscriptionPolicy.effect":     {about: "a grant lets people in; a guardrail keeps everybody else out, whatever grants say", required: true, enum: []string{"grant", "guardrail"}},
		"SubscriptionPolicy.privileges": {about: "with `access: write`, which ways of writing: `insert`, `update`, `delete`, `truncate`, `merge`", standard: "all of them"},
		"SubscriptionPolicy.unload":     {about: "of a grant with `access: unload`: where people may write to"},
		"SubscriptionPolicy.expires":    {about: "of a grant: an instant, RFC 3339, from which on it lets nobody in", standard: "never"},
		"SubscriptionPolicy.allow":      {about: "for whom; exactly one of its fields", required: true},
		"SubscriptionPolicy.staged":     {about: "checked and stored, not enforced", standard: "false"},

		"Unload.to":        {about: "folders `s3://bucket/folder`; what lies in them is meant, not what has a name that begins alike", required: true},
		"Unload.overwrite": {about: "`true`: people may overwrite and remove files there (ALLOWOVERWRITE, CLEANPATH)", standard: "false"},

		"Allow.anyone":     {about: "everybody who can log in"},
		"Allow.when":       {about: "a condition on the person, in CEL"},
		"Allow.users":      {about: "these people"},
		"Allow.approval":   {about: "those whose request was approved, see the kind Approval; give `by` or `parties`"},
		"Approval.by":      {about: "users and groups who can approve"},
		"Approval.count":   {about: "how many different people have to", standard: "1"},
		"Approval.parties": {about: "several parties, of which each has to approve; nobody counts for two of them"},
		"Party.by":         {about: "users and groups who can approve", required: true},
		"Party.count":      {about: "how many different people have to", standard: "1"},

		"DataPolicy.name":   {about: "for messages, audit and explanations; decides between equal masks", required: true},
		"DataPolicy.on":     {about: "which sources: exactly one of its fields", required: true},
		"DataPolicy.rules":  {about: "masks and row filters", required: true},
		"DataPolicy.staged": {about: "checked and stored, not enforced", standard: "false"},
	}
}

func projectFields() map[string]field {
	return map[string]field{
		"Purpose.name":            {about: "the purpose", required: true},
		"Purpose.description":     {about: "for people"},
		"Purpose.within":          {about: "the purpose of which this one is a part"},
		"Purpose.acknowledgement": {about: "the text that a person agrees to before acting under the purpose"},

		"Project.name":        {about: "the project", required: true},
		"Project.description": {about: "for people"},
		"Project.purposes":    {about: "purposes that come with acting in the project"},
		"Project.members":     {about: "who may act in it"},
		"Project.sources":     {about: "what a member sees while acting in it is narrowed to these"},
		"Project.equalize":    {about: "shows every member the same: what all of them may see", standard: "false"},
		"Project.maskedJoins": {about: "gives the hash masks of the project's sources one token domain", standard: "false"},
		"Members.users":       {about: "people"},
		"Members.groups":      {about: "groups of people"},

		"resource.Approval.name":       {about: "the approval", required: true},
		"resource.Approval.policy":     {about: "the subscription policy that asks for it", required: true},
		"resource.Approval.user":       {about: "who is let in", required: true},
		"resource.Approval.approvedBy": {about: "the people who approved; each may approve by the policy, and nobody approves for themselves", required: true},
		"resource.Approval.reason":     {about: "for people"},
		"resource.Approval.expires":    {about: "an instant, RFC 3339", standard: "never"},

		"TokenDomain.name":        {about: "the domain", required: true},
		"TokenDomain.description": {about: "for people"},
		"TokenDomain.key":         {about: "where the key is: base64 of 32 bytes", standard: "each warehouse draws its own, and tokens of two warehouses do not join"},
		"TokenDomain.version":     {about: "counts keys; a larger one rotates", standard: "1"},
	}
}

func warehouseFields() map[string]field {
	return map[string]field{
		"FunctionAllowList.name":       {about: "the list", required: true},
		"FunctionAllowList.connection": {about: "the warehouse", required: true},
		"FunctionAllowList.functions":  {about: "functions with their argument types, schema-qualified"},
		"FunctionAllowList.operators":  {about: "operators with their argument types, schema-qualified"},
		"FunctionAllowList.types":      {about: "types, schema-qualified"},
		"FunctionAllowList.casts":      {about: "user-defined casts that run a function, as `source AS target`; needed for those of listed types"},

		"Sandbox.name":       {about: "the sandbox", required: true},
		"Sandbox.connection": {about: "the warehouse", required: true},
		"Sandbox.schema":     {about: "begins the names of the schemas: ann's is called `schema_ann`", required: true},
		"Sandbox.members":    {about: "who may"},

		"PushSettings.name":         {about: "the settings", required: true},
		"PushSettings.connection":   {about: "the warehouse", required: true},
		"PushSettings.user":         {about: "the system role, which owns what is maintained and is not the proxy's", required: true},
		"PushSettings.password":     {about: "where its password is", standard: "what AWS gives for its name where the Connection has `aws: {method: rds}` or `{method: cluster}`, or else none is sent"},
		"PushSettings.enforce":      {about: "how: views beside the tables, or row policies on them where they can say it, and views elsewhere", required: true, enum: []string{"views", "rowSecurity"}},
		"PushSettings.seeAllRows":   {about: "with `enforce: rowSecurity`, roles of others that go on seeing all rows; the proxy's role and the owner of a table do anyway"},
		"PushSettings.schemaPrefix": {about: "begins the names of the schemas that hold views", standard: "`governed_`"},
		"PushSettings.rolePrefix":   {about: "begins the names of the roles that hold grants", standard: "`postern_`"},
		"PushSettings.createRoles":  {about: "whether Postern makes roles itself, for which the system role needs CREATEROLE", standard: "from PostgreSQL 16 on, where CREATEROLE reaches only roles that it made; before, the plan prints what a database administrator runs"},
		"PushSettings.groupRoles":   {about: "which groups of people are roles, too, which hold nothing: those that policies ask about, all of them, or none", standard: "`used`", enum: []string{"used", "all", "none"}},
		"PushSettings.groupRole":    {about: "how those are called, with `{group}` in it", standard: "`{prefix}{database}_group_{group}`"},
		"PushSettings.iam":          {about: "on RDS and Aurora, whose accounts log in by AWS IAM (role `rds_iam`) and no longer with a password: nobody's, those of the roles that Postern makes, or all people's", standard: "`none`", enum: []string{"none", "made", "all"}},
		"PushSettings.readOnly":     {about: "whether nobody may write directly, whatever subscription policies say", standard: "false"},
		"PushSettings.interval":     {about: "seconds between two looks for drift", standard: "300"},
		"PushSettings.paused":       {about: "whether nothing is changed in the warehouse; `postern plan` and `postern unregister` work all the same", standard: "false"},
		"PushSettings.drift":        {about: "what to do about what somebody changed behind Postern's back: undo it, or tell of it and leave it until the policies change there", standard: "`repair`", enum: []string{"repair", "report"}},
		"PushSettings.lockTimeout":  {about: "bounds the wait for one lock, in milliseconds", standard: "2000"},
		"PushSettings.allowHazards": {about: "hazards that a plan may have: `DROPS_DEPENDENTS`, `FOREIGN_OBJECT`, `HIDES_ROWS_FROM_OTHERS`"},

		"PushSettings.impersonation": {about: "whether people act as others in the warehouse itself by `CALL postern_procedures.impersonate('…')`, as `impersonate` of users and groups says; engine redshift only",
			standard: "false"},

		"IdentityMapping.name":       {about: "the mapping", required: true},
		"IdentityMapping.connection": {about: "the warehouse", required: true},
		"IdentityMapping.attribute":  {about: "the attribute whose one value is the person's account; `users` comes first"},
		"IdentityMapping.users":      {about: "accounts by person"},

		"APIToken.name":    {about: "the token's name, for audit", required: true},
		"APIToken.role":    {about: "what it may do", required: true, enum: []string{"admin", "governor", "dataOwner", "auditor", RolePerson}},
		"APIToken.user":    {about: "the person for whom the token acts, with role `person` and no more than what concerns them; required with these roles: `person`, `dataOwner`", standard: "nobody"},
		"APIToken.token":   {about: "where the token is; its digest is kept", required: true},
		"APIToken.expires": {about: "an instant, RFC 3339", standard: "never"},

		"Webhook.name":        {about: "the webhook; its position in the queue goes by it", required: true},
		"Webhook.description": {about: "for people"},
		"Webhook.url":         {about: "`https`, or `http` to localhost or a loopback address; stored and shown, so that no secret belongs in it", required: true},
		"Webhook.secret":      {about: "where the signing key is: `whsec_` and base64 of 24 to 64 bytes; resolved at each attempt", required: true},
		"Webhook.events":      {about: "what it is told of: `source`, `policy`, `person`, `approval`, `drift`", standard: "all of them"},
		"Webhook.private":     {about: "whether its name may resolve to an address of a private network", standard: "false"},
		"Webhook.disabled":    {about: "sends nothing; what happens meanwhile waits, within the queue's bound", standard: "false"},
	}
}
