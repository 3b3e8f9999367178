// Names, labels and the like: which are allowed, and the messages of those that are not (apimachinery's validation).

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const subdomain = `${label}(\\.${label})*`;
const qualified = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

export type NameRule = (name: string) => string[];

const longerThan = (limit: number): string => `must be no more than ${limit} characters`;
const moreBytesThan = (limit: number): string => `must be no more than ${limit} bytes`;

export const subdomainName: NameRule = (name) => {
  const errors: string[] = [];
  if (name.length > 253) errors.push(longerThan(253));
  if (!new RegExp(`^${subdomain}$`).test(name)) {
    errors.push(
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an " +
        `alphanumeric character (e.g. 'example.com', regex used for validation is '${subdomain}')`,
    );
  }
  return errors;
};

export const labelName: NameRule = (name) => {
  const errors: string[] = [];
  if (name.length > 63) errors.push(longerThan(63));
  if (!new RegExp(`^${label}$`).test(name)) {
    errors.push(
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric " +
        `character (e.g. 'my-name',  or '123-abc', regex used for validation is '${label}')`,
    );
  }
  return errors;
};

export const serviceName: NameRule = (name) => {
  const errors: string[] = [];
  if (name.length > 63) errors.push(longerThan(63));
  if (!/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name)) {
    errors.push(
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an " +
        "alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
    );
  }
  return errors;
};

/** For roles and bindings, whose names may hold colons and capitals. */
export const pathSegmentName: NameRule = (name) => {
  if (name === "." || name === "..") return [`may not be '${name}'`];
  return ["/", "%"].filter((character) => name.includes(character)).map((character) => `may not contain '${character}'`);
};

const qualifiedMessage =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
  `(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${qualified}')`;

/** Keys of labels and annotations, finalizers: an optional prefix, a slash, a name. */
export function qualifiedName(value: string): string[] {
  const parts = value.split("/");
  const errors: string[] = [];
  const name = parts.at(-1)!;
  if (parts.length > 2) {
    return [
      "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
        `(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${qualified}') with an optional DNS subdomain prefix and ` +
        "'/' (e.g. 'example.com/MyName')",
    ];
  }
  if (parts.length === 2) {
    if (parts[0] === "") errors.push("prefix part must be non-empty");
    else errors.push(...subdomainName(parts[0]!).map((error) => `prefix part ${error}`));
  }
  if (name === "") errors.push("name part must be non-empty");
  else if (name.length > 63) errors.push(`name part ${moreBytesThan(63)}`);
  if (!new RegExp(`^${qualified}$`).test(name)) errors.push(qualifiedMessage);
  return errors;
}

export function labelValue(value: string): string[] {
  const errors: string[] = [];
  if (value.length > 63) errors.push(moreBytesThan(63));
  if (!new RegExp(`^(${qualified})?$`).test(value)) {
    errors.push(
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
        `alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(${qualified})?')`,
    );
  }
  return errors;
}
