// House rules that ESLint has no rule for.

const documented = {
  meta: { type: 'suggestion', schema: [], messages: { missing: 'Every export has a doc comment that says what it promises.' } },
  create({ sourceCode, report }) {
    return {
      'ExportNamedDeclaration[declaration]'(node) {
        const comments = sourceCode.getCommentsBefore(node);
        if (!comments.some(({ type, value }) => type === 'Block' && value.startsWith('*'))) report({ node, messageId: 'missing' });
      },
    };
  },
};

const kebabCaseFile = {
  meta: { type: 'suggestion', schema: [], messages: { name: 'File names are in kebab-case, not {{name}}.' } },
  create({ filename, report }) {
    return {
      Program(node) {
        const name = filename.split('/').at(-1);
        if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*$/.test(name)) report({ node, messageId: 'name', data: { name } });
      },
    };
  },
};

/** The plugin `house`. */
export default { rules: { documented, 'kebab-case-file': kebabCaseFile } };
